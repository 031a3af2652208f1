"""The people and messages that the examples show."""

from __future__ import annotations

from typing import Any

CARD: dict[str, Any] = {
    "id": 19,
    "first_name": "Тестдва",
    "last_name": "Юзердва",
    "age": 23,
    "city": "Москва",
    "avatar": None,
    "interests": [{"id": 4, "name": "шахматы"}],
    "relationship": "request_sent",
}
MYSELF = {**CARD, "id": 18, "first_name": "Тестодин", "last_name": "Юзеродин", "relationship": "self"}
FRIEND_REQUEST = {
    "id": 7,
    "from_user": MYSELF,
    "to_user": CARD,
    "status": "pending",
    "message": "We met at the concert.",
    "created": "2024-03-20T10:26:23.028760+03:00",
}
MESSAGE = {"id": 6, "sender": 18, "text": "Привет!", "timestamp": "2024-03-21T11:07:10.565906+03:00"}
NUMBERED_MESSAGE: dict[str, Any] = {
    **MESSAGE,
    "seq": 1,
    "edited_at": None,
    "deleted_at": None,
    "client_id": "0b1f6f0e-6d0c-4c5c-8a5e-0d3a3f8b7c11",
}
EDITED_MESSAGE = {**NUMBERED_MESSAGE, "text": "Привет, Тестдва!", "edited_at": "2024-03-21T11:08:02.113024+03:00"}
PRIVACY = {"read_receipts": True, "typing": False, "presence": True}
INITIATOR = {
    "email": "testuser1@fake.org",
    "first_name": "Тестодин",
    "last_name": "Юзеродин",
    "age": 23,
    "city": None,
}
RECEIVER = {**INITIATOR, "email": "testuser2@fake.org", "first_name": "Тестдва", "last_name": "Юзердва"}
CHAT = {"id": 3, "initiator": INITIATOR, "receiver": RECEIVER, "chat_messages": [MESSAGE]}
CHAT_LIST_ITEM = {
    "id": 3,
    "initiator": INITIATOR,
    "receiver": RECEIVER,
    "start_time": "2024-03-20T10:26:23.028760+03:00",
    "last_message": MESSAGE,
    "unread_count": 1,
}
SIGN_UP = {
    "email": "testuser1@fake.org",
    "first_name": "Тестодин",
    "last_name": "Юзеродин",
    "birthday": "2001-02-03",
}
MAILED = {"uid": "1f0f7d7e-3a57-4d0e-9a35-4f2f1c9d2b11", "token": "…"}
ME = {
    "id": 18,
    "email": "testuser1@fake.org",
    "email_verified": True,
    "first_name": "Тестодин",
    "last_name": "Юзеродин",
    "birthday": "2001-02-03",
    "age": 23,
    "sex": "",
    "city": 5,
    "city_name": "Москва",
    "occupation": "",
    "purpose": "",
    "about": "",
    "avatar": None,
    "interests": [4],
    "interest_names": ["шахматы"],
}
TOKEN = {
    "id": "6f1c0d1e-54b6-4a0e-8f2e-9f6a9a1c7d10",
    "device": "Firefox on a laptop",
    "created": "2024-03-20T10:26:23.028760+03:00",
    "last_used": "2024-03-21T11:07:10.565906+03:00",
    "expires": "2024-04-20T11:07:10.565906+03:00",
    "current": True,
}
