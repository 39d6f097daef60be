// The one door to the npm packages installed here, for scripts that live elsewhere in the tree.
export { default as Provider, errors } from 'oidc-provider';
export * as jose from 'jose';
