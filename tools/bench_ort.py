# SPDX-License-Identifier: BSD-3-Clause
# bench_ort.py - as bench_ort.js, for a Python that has onnxruntime ($EPOCHAL_ORT_PYTHON of tools/bench.sh).
#
#   python3 bench_ort.py FILE.onnx BATCH CHANNELS SIDE THREADS SECONDS
#   python3 bench_ort.py version
import statistics
import sys
import time

import numpy
import onnxruntime


def main(file, *numbers):
    if file == "version":
        return print(onnxruntime.__version__)
    batch, channels, side, threads = [int(word) for word in numbers[:4]]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    images = numpy.random.default_rng(1).uniform(-1, 1, (batch, channels, side, side)).astype(numpy.float32)
    times, start = [], 0
    for i in range(2):
        session.run(None, {"x": images})
    start = time.perf_counter()
    while len(times) < 5 or time.perf_counter() - start < float(numbers[4]):
        before = time.perf_counter()
        session.run(None, {"x": images})
        times.append(time.perf_counter() - before)
    print(f"{batch / statistics.median(times):.4g}")


main(*sys.argv[1:])
