"""Training of Keras networks. Importing this package is free; its modules load TensorFlow."""
