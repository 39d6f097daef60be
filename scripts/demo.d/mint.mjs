// Signs access tokens that no good provider would issue, with the demo provider's own keys.
//
//   node mint.mjs --jwks FILE [--alg ES256] [--claims JSON] [--header JSON] [--payload TEXT]
//
// FILE is the jwks.private.json of provider.mjs; the provider.json beside it gives the usual claims
// and header, so that without further options the token is a good one. --claims and --header change
// single members; null removes one; "now", "now+60", "now-1000" are times in seconds. --payload is
// signed as it stands (for JSON that is not well formed).
//   --alg none    leaves the token unsigned (RFC 8725 section 2.1)
//   --alg HS256   signs with the RSA public key as if it were a shared secret (the same)
import { createPublicKey, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { jose } from '../../tests/node/tools.mjs';

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

function usualClaims(provider) {
  return {
    iss: provider.issuer,
    aud: provider.audience,
    sub: provider.customer,
    client_id: 'plaid-demo',
    scope: provider.scopes.join(' '),
    jti: randomUUID(),
    fdxConsentId: 'consent-demo-0001',
    iat: 'now',
    exp: 'now+900',
  };
}

function resolveTime(value) {
  const match = typeof value === 'string' && /^now([+-]\d+)?$/.exec(value);
  return match ? Math.floor(Date.now() / 1000) + Number(match[1] ?? 0) : value;
}

// `base` with the members of `changes` put over it, the null ones taken out.
function merge(base, changes) {
  const all = Object.entries({ ...base, ...changes }).filter(([, value]) => value !== null);
  return Object.fromEntries(all.map(([name, value]) => [name, resolveTime(value)]));
}

function findKey(jwks, alg) {
  const key = jwks.keys.find((candidate) => candidate.alg === alg);
  if (!key) throw new Error(`the JWKS has no key for ${alg}`);
  return key;
}

async function sign(jwks, alg, header, payload) {
  if (alg === 'none') {
    const encode = (text) => Buffer.from(text).toString('base64url');
    return `${encode(JSON.stringify(header))}.${encode(payload)}.`;
  }
  const bytes = new TextEncoder().encode(payload);
  const signature = new jose.CompactSign(bytes).setProtectedHeader(header);
  // jose signs no critical extension that it was not told of.
  const crit = Object.fromEntries([header.crit ?? []].flat().map((name) => [name, true]));
  if (alg === 'HS256') {
    const key = createPublicKey({ key: findKey(jwks, 'RS256'), format: 'jwk' });
    return signature.sign(Buffer.from(key.export({ type: 'spki', format: 'pem' })), { crit });
  }
  return signature.sign(await jose.importJWK(findKey(jwks, alg), alg), { crit });
}

async function main() {
  const { values } = parseArgs({
    options: {
      jwks: { type: 'string' },
      alg: { type: 'string', default: 'ES256' },
      claims: { type: 'string', default: '{}' },
      header: { type: 'string', default: '{}' },
      payload: { type: 'string' },
    },
  });
  if (!values.jwks) throw new Error('--jwks FILE is missing');
  const jwks = readJson(values.jwks);
  const provider = readJson(join(dirname(values.jwks), 'provider.json'));
  const claims = merge(usualClaims(provider), JSON.parse(values.claims));
  const kid = jwks.keys.find((key) => key.alg === values.alg)?.kid ?? null;
  const header = merge({ alg: values.alg, typ: 'at+jwt', kid }, JSON.parse(values.header));
  const payload = values.payload ?? JSON.stringify(claims);
  console.log(await sign(jwks, values.alg, header, payload));
}

main().catch((error) => {
  console.error(`mint: ${error.message}`);
  process.exit(1);
});
