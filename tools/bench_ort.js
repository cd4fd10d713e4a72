// SPDX-License-Identifier: BSD-3-Clause
// bench_ort.js - ONNX Runtime's speed with a network, for tools/bench.sh: prints inputs a second, on the processor, in
// float32, the median of the rounds of about SECONDS after two that warm up.
//
//   node bench_ort.js FOLDER FILE.onnx BATCH CHANNELS SIDE THREADS SECONDS
//   node bench_ort.js FOLDER version
//
// FOLDER is the one whose node_modules has onnxruntime-node.
const path = require('path');
const [folder, file, ...numbers] = process.argv.slice(2);
const home = path.resolve(folder, 'node_modules', 'onnxruntime-node');

async function main() {
    if (file === 'version') return console.log(require(path.join(home, 'package.json')).version);
    const ort = require(home);
    const [batch, channels, side, threads, seconds] = numbers.map(Number);
    const session = await ort.InferenceSession.create(file, {
        executionProviders: ['cpu'], intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: 'all', executionMode: 'sequential',
    });
    const values = new Float32Array(batch * channels * side * side);
    for (let i = 0, state = 1; i < values.length; i++) { // a linear congruence: the same at every run
        state = (state * 1103515245 + 12345) % 2147483648;
        values[i] = 2 * state / 2147483648 - 1;
    }
    const feed = {x: new ort.Tensor('float32', values, [batch, channels, side, side])};
    const times = [];
    for (let i = 0; i < 2; i++) await session.run(feed);
    for (const start = performance.now(); times.length < 5 || performance.now() - start < 1e3 * seconds;) {
        const before = performance.now();
        await session.run(feed);
        times.push(performance.now() - before);
    }
    times.sort((a, b) => a - b);
    console.log((1e3 * batch / times[times.length >> 1]).toPrecision(4));
}

main().catch((error) => { console.error(String(error)); process.exit(1); });
