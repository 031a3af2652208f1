import uuid

from find_friend.pairs import pair_key, user_digest


def test_key_is_the_same_for_both_orders():
    assert pair_key(1, 2) == pair_key(2, 1)
    assert pair_key(10, 9) == pair_key(9, 10)
    assert len(pair_key(1, 2)) == 64


def test_pairs_do_not_run_into_each_other():
    keys = [pair_key(*pair) for pair in [(1, 23), (12, 3), (1, 2), (2, 3), ("1:2", 3), (1, "2:3"), ("a", "A")]]
    assert len(set(keys)) == len(keys)


def test_users_and_their_keys_make_the_same_pair(ann, bob):
    assert pair_key(ann, bob) == pair_key(bob.pk, ann.pk)


def test_digest_names_one_user_whatever_the_type_of_the_key():
    key = uuid.uuid4()
    assert user_digest(key) == user_digest(str(key))
    assert user_digest(1) != user_digest(2)
    assert len(user_digest(1)) == 64
