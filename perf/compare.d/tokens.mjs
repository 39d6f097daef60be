// Makes keys and access tokens for perf/compare: node tokens.mjs FOLDER COUNT [ALG ...]
// Writes jwks.json (public), ALG.pub.pem and ALG.tokens, one token a line, for ES256 and RS256
// or what is named.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { jose } from '../../tests/node/tools.mjs';

const [folder, count] = [process.argv[2], Number(process.argv[3])];
const now = Math.floor(Date.now() / 1000);
const algs = process.argv.length > 4 ? process.argv.slice(4) : ['ES256', 'RS256'];
const keys = [];

for (const alg of algs) {
  const pair = await jose.generateKeyPair(alg, { extractable: true });
  const kid = `${alg.toLowerCase()}-of-this-run`;
  keys.push({ ...(await jose.exportJWK(pair.publicKey)), kid, alg, use: 'sig' });
  writeFileSync(join(folder, `${alg}.pub.pem`), await jose.exportSPKI(pair.publicKey));
  const tokens = [];
  for (let i = 0; i < count; ++i) {
    tokens.push(await new jose.SignJWT({ scope: 'openid Account Transactions', client_id: 'plaid',
                                         fdxConsentId: `consent-${i}` })
      .setProtectedHeader({ alg, kid, typ: 'at+jwt' })
      .setIssuer('https://login.bank.example').setAudience('https://api.bank.example/fdx/v6')
      .setSubject(`customer-${i}`).setJti(randomUUID()).setIssuedAt(now).setExpirationTime(now + 900)
      .sign(pair.privateKey));
  }
  writeFileSync(join(folder, `${alg}.tokens`), tokens.join('\n') + '\n');
}
writeFileSync(join(folder, 'jwks.json'), JSON.stringify({ keys }));
