"""One fit spread over several processes of this machine, with the numbers of one (docs/how-to/distributed-training.md).

chief (``fit``) starts peers (``peers``), hands them data and settings (``handover``); every process trains the same
model on its share of each batch, and gradients are summed over all of them (``exchange``) before each step of Adam.
"""
