"""What a recipe says and how levels inherit. Pure: knows no Django; nothing in a manifest is ever executed."""
