export { type DigestAlgorithm, ha1 } from './algorithm.ts';
export { buildChallenges, type ChallengeInput, type DigestChallenge, parseChallenge } from './challenge.ts';
export { type AnswerFailure, type AnswerInput, answerChallenge, offersSha256 } from './client.ts';
export { type DigestCredentials, type DigestProtection, parseCredentials } from './credentials.ts';
export { digestUriMatches } from './digest-uri.ts';
export { NonceMint, type NonceOptions, type NonceSource, type NonceVerdict } from './nonce.ts';
export { NonceCount, type NonceUse } from './nonce-count.ts';
export { verifyDigest } from './verify.ts';
