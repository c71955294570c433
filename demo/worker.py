#!/usr/bin/python3
"""A worker of the demo: takes a job off nothing, once a second."""
import time

while True:
    time.sleep(1)
