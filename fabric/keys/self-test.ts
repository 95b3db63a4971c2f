/**
 * What every Ed25519 verifier of a region must answer before it may take part.
 *
 * Cases on which verifiers are known to differ, and one that all accept. Sources: wycheproof
 * (C2SP/wycheproof) and ed25519-speccheck (novifinancial/ed25519-speccheck), both Apache-2.0;
 * the whole sets are in test/vectors/.
 */

export interface SelfTestCase {
  readonly name: string;
  /** Hex, as are message and signature. */
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
  readonly isValid: boolean;
}

export const ed25519SelfTest: readonly SelfTestCase[] = [
  {
    name: 'tcId 2, an ordinary signature',
    publicKey: '7d4d0e7f6153a69b6242b522abbee685fda4420f8834b108c3bdae369ef549fa',
    message: '78',
    signature:
      'd80737358ede548acb173ef7e0399f83392fe8125b2ce877de7975d8b726ef5b' +
      '1e76632280ee38afad12125ea44b961bf92f1178c9fa819d020869975bcbe109',
    isValid: true,
  },
  {
    name: 'tcId 59, the sign of R flipped',
    publicKey: '7d4d0e7f6153a69b6242b522abbee685fda4420f8834b108c3bdae369ef549fa',
    message: '313233343030',
    signature:
      '657c1492402ab5ce03e2c3a7f0384d051b9cf3570f1207fc78c1bcc98c281cab' +
      '227aedf259f910f0f3a759a335062665217925d019173b88917eae294f75d40f',
    isValid: false,
  },
  {
    name: 'speccheck 3, torsion in A and R that cancels',
    publicKey: 'cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d',
    message: '9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79',
    signature:
      '9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f' +
      '87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009',
    isValid: true,
  },
  {
    name: 'speccheck 4, holds only with the cofactor',
    publicKey: 'cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d',
    message: 'e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c',
    signature:
      '160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed512' +
      '5ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09',
    isValid: false,
  },
  {
    name: 'speccheck 1, A of low order',
    publicKey: 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    message: '9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79',
    signature:
      'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43' +
      'a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04',
    isValid: false,
  },
  {
    name: 'speccheck 2, R of low order',
    publicKey: 'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43',
    message: 'aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab',
    signature:
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa' +
      '8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e',
    isValid: false,
  },
  {
    name: 'speccheck 6, S above L',
    publicKey: '442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623',
    message: '85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40',
    signature:
      'e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e' +
      '547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514',
    isValid: false,
  },
  {
    name: 'speccheck 10, A not canonical',
    publicKey: 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    message: 'e96b7021eb39c1a163b6da4e3093dcd3f21387da4cc4572be588fafae23c155b',
    signature:
      'a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dc' +
      'a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04',
    isValid: false,
  },
];
