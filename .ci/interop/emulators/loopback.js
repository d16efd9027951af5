// Preloaded (node --require) into a server that would listen on all interfaces:
// makes it listen on 127.0.0.1, and on free ports. The process that started it
// learns by a message which port is there for PLAIN_PORT, the one that the
// server asks for; SERVE_PORT, if set, is what that becomes.
'use strict';
const net = require('node:net');

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...given) {
  const asked = Number(given[0]?.port ?? given[0]);
  const done = given.find((argument) => typeof argument === 'function');
  let port = 0;
  if (asked === Number(process.env.PLAIN_PORT)) {
    port = Number(process.env.SERVE_PORT ?? 0);
    this.once('listening', () => process.send({ port: this.address().port }));
  }
  return listen.call(this, { host: '127.0.0.1', port }, done);
};

process.on('disconnect', () => process.exit(1)); // nobody is left to stop it
