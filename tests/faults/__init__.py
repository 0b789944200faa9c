"""Faults under load: one part after another is killed, stopped, hung, cut off or filled up while a fleet
reports, and afterwards every fix and every alert is accounted for. Run it with ``make faults``.
"""
