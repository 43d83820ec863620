// The tests' own tools need a later Node than the program does. With PROGRAM_NODE the program, and whatever else the
// tests start by `process.execPath`, run on that one: see scripts/try-nodes.js.
const { PROGRAM_NODE } = process.env;
if (PROGRAM_NODE) process.execPath = PROGRAM_NODE;
