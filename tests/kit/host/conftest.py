pytest_plugins = ["find_friend.testing.plugin"]
