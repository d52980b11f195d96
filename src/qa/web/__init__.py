"""What visitors see: the chat, the reader pages, and the server that carries them."""
