/**
 * What Node itself takes: an observer as bare as floor.c, with Node's own means. No checks, no log, nothing for
 * crashes that leave the socket's file.
 *
 * Usage: node bare.js SOCKET SCRIPTS
 */
import { spawn } from 'node:child_process';
import { existsSync, watch } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';

const [socket = '', scripts] = process.argv.slice(2);
let connection;
let up = false;

function run(event) {
  const options = { detached: true, env: { PATH: '/usr/bin:/bin' }, stdio: 'ignore' };
  spawn(`${scripts}/on_${event}/stub`, [event], options);
}

function look() {
  const there = existsSync(socket);
  if (up && !there) connection?.destroy();
  else if (connection === undefined && there) ask();
}

function ask() {
  const asking = connect(socket);
  connection = asking;
  asking.write('GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n');
  asking.on('data', (bytes) => {
    if (up || bytes.toString('latin1', 8, 12) !== ' 200') return;
    run('start');
    up = true;
  });
  asking.on('error', () => {});
  asking.on('close', () => {
    if (up) run('stop');
    up = false;
    connection = undefined;
    // A file before anybody listens on it: for microseconds.
    setTimeout(look, 1);
  });
}

watch(dirname(socket), look);
