"""The figures in the README, made again by `python run.py bench board`."""
