"""Page shell, sign-in, translations and print styles of both programs."""
