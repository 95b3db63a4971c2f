/**
 * The one wording of a corrupt store: which folder, which file or batches, how to go on.
 *
 * Corrupt is not empty: a region that lost a vote it cast must not vote as if it had none.
 */
import { join } from 'node:path';
import { QuorateError } from '#protocols/errors.ts';

/** `file` is a name within the folder, or null when the damage spans files. */
export function corrupt(
  folder: string,
  file: string | null,
  what: string,
  cause?: unknown,
): QuorateError {
  const where = file === null ? 'the store' : file;
  return new QuorateError(
    'store-corrupt',
    `the store in ${folder} is corrupt: ${where}: ${what}. Move the folder away and start again; ` +
      'the region then rebuilds from its peers and votes once they have confirmed its slots',
    { field: file === null ? folder : join(folder, file), ...(cause !== undefined && { cause }) },
  );
}
