// Reads requests as an Express application does, and answers with what it has read: the query by qs, the
// body by body-parser with inflate. `node form_reader.mjs PORT extended|simple`
import http from 'node:http';
import bodyParser from 'body-parser';
import qs from 'qs';

const [, , port, kind] = process.argv;
const readers = [bodyParser.json(), bodyParser.urlencoded({ extended: kind === 'extended', inflate: true })];

http.createServer((request, response) => {
  const told = (value) => {
    const body = JSON.stringify(value);
    response.writeHead(200, { 'Content-Length': Buffer.byteLength(body), Connection: 'close' });
    response.end(body);
  };
  const run = (left) => {
    if (left.length > 0) return left[0](request, response, (error) => (error ? told({ error: error.type }) : run(left.slice(1))));
    const mark = request.url.indexOf('?');
    return told({ query: qs.parse(mark < 0 ? '' : request.url.slice(mark + 1)), body: request.body ?? {} });
  };
  run(readers);
}).listen(Number(port), '127.0.0.1');
