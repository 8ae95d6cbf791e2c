"""The recipe assistant's adapters: text in, words and a proposed change of a manifest out. Pure: knows no Django."""
