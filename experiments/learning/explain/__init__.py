"""Why a model gave an answer: exact parts of a score, what it rests on, and what a model leans on as a whole."""
