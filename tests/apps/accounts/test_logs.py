from django.core.mail import EmailMessage

from find_friend.accounts import mail


def test_an_address_that_a_mail_server_quotes(caplog, monkeypatch):
    def refuse(message):
        raise OSError(f"no such mailbox {message.to}")

    monkeypatch.setattr(EmailMessage, "send", refuse)
    mail.send_in_background(EmailMessage(subject="Hello", body="Hello", to=["ann@example.com"])).result(5)
    (record,) = caplog.records
    assert record.find_friend == {"event": "mail_failed"}
    assert "OSError" in caplog.text
    assert "ann@example.com" not in caplog.text
