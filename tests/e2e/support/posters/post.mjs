// Posts a body and prints the status of each answer: post.mjs PORT HOST CA VERSION SIZE TIMES
import fs from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';

const [port, host, caFile, version, size, times] = process.argv.slice(2);
const ca = fs.readFileSync(caFile);
const body = Buffer.alloc(Number(size), 'x');

function postOverHttp2() {
  return new Promise((resolve, reject) => {
    const session = http2.connect(`https://${host}:${port}`, {
      createConnection: () => tls.connect({ port, host: '127.0.0.1', servername: host, ca,
                                            ALPNProtocols: ['h2'] }),
    });
    session.on('error', reject);
    const stream = session.request({ ':method': 'POST', ':path': '/early',
                                     'content-length': body.length });
    let status;
    stream.on('response', (fields) => { status = fields[':status']; });
    stream.on('error', reject);
    stream.on('data', () => {});
    stream.on('end', () => { session.destroy(); resolve(status); });
    stream.end(body);
  });
}

function postOverHttp1() {
  return new Promise((resolve, reject) => {
    const request = https.request({ port, host: '127.0.0.1', servername: host, ca, method: 'POST',
                                    path: '/early', headers: { host, 'content-length': body.length } },
                                  (answer) => {
      answer.on('data', () => {});
      answer.on('end', () => resolve(answer.statusCode));
      answer.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

net.setDefaultAutoSelectFamily?.(false);
const post = version === '2' ? postOverHttp2 : postOverHttp1;
for (let i = 0; i < Number(times); ++i) {
  console.log(await post().catch((error) => `${error.code} ${error.message}`));
}
