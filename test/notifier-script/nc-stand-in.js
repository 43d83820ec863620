#!/usr/bin/env node
// nc HOST PORT, as far as the notifier needs it, for machines that have none: connects, then reads its input.
import { connect } from 'node:net';

const [host, port] = process.argv.slice(2);
const socket = connect({ host, port: Number(port), allowHalfOpen: true }, () => process.stdin.pipe(socket));
socket.pipe(process.stdout);
socket.on('error', (error) => {
  process.stderr.write(`nc: cannot connect: ${error.code}\n`);
  process.exit(1);
});
socket.on('end', () => process.exit(0));
