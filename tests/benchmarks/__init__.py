"""Throughput, latency and memory of the chat, as ratios to references of the same run: python -m tests.benchmarks"""
