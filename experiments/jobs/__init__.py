"""How background work is claimed, run in a process of its own, fenced, stopped and recovered.

claim (lifecycle) → child process (supervise, child) → writes under the lease (lease) → end
                        ↑ rung by queue.py, lost attempts found by lifecycle.reap
"""
