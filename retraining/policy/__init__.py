"""When a model is trained again: the policy, what it is given, what it answers. Pure; knows no Django."""
