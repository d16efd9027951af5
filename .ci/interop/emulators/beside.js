// node beside.js SERVER COMMAND...: runs a command beside a server written for
// node, which listens on 127.0.0.1 (see loopback.js) and is stopped when the
// command ends. Whenever the server exits, that is said on standard error, and
// it is started again at the same port. The command finds the server's URL in
// KINESISKIT_ENDPOINT; SERVER is its file and arguments, parted by spaces.
'use strict';
const { fork, spawn } = require('node:child_process');
const path = require('node:path');

const [main, ...mainArguments] = process.argv[2].split(' ');
const [command, ...commandArguments] = process.argv.slice(3);
const mostExits = 100; // a server that cannot start does not go on forever

let server;
let running;
let exits = 0;

function startServer(port) {
  server = fork(main, mainArguments, {
    cwd: path.dirname(main),
    execArgv: ['--require', path.join(__dirname, 'loopback.js')],
    env: { ...process.env, SERVE_PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let says = '';
  server.stderr.on('data', (text) => { says = (says + text).slice(-2000); });
  server.on('message', (message) => {
    port = message.port;
    running ??= startCommand(`http://127.0.0.1:${port}`);
  });
  server.on('close', (code) => {
    const reason = says.split('\n').find((line) => /error/i.test(line)) ?? '';
    console.error(`    the server exited (${code}): ${reason}`);
    if (++exits > mostExits) {
      stop(1);
    } else {
      startServer(port);
    }
  });
}

function startCommand(endpoint) {
  const child = spawn(command, commandArguments, {
    stdio: 'inherit',
    env: { ...process.env, KINESISKIT_ENDPOINT: endpoint },
  });
  child.on('error', (error) => { console.error(error.message); stop(1); });
  child.on('exit', (code) => stop(code ?? 1));
  return child;
}

function stop(code) {
  server.removeAllListeners('close');
  server.once('close', () => process.exit(code));
  server.kill('SIGKILL');
  running?.kill();
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => stop(1));
}
startServer(0);
