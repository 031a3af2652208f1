"""Direct chats of two people, over HTTP and WebSocket."""
