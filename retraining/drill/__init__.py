"""What a policy brings: interactions replayed in order of time under several policies. Pure; knows no Django."""
