const checksumLetters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';

/**
 * The 18-character form of an Id, or null for what is no Id. The last three characters say which of the first 15
 * are capitals, five to a character, the first one in the lowest bit.
 */
export function to18(id: string): string | null {
  if (/^[0-9A-Za-z]{18}$/.test(id)) return id;
  if (!/^[0-9A-Za-z]{15}$/.test(id)) return null;
  const checksum = [0, 5, 10].map((from) => {
    let capitals = 0;
    for (let bit = 0; bit < 5; bit += 1) {
      if (/[A-Z]/.test(id.charAt(from + bit))) capitals += 1 << bit;
    }
    return checksumLetters[capitals];
  });
  return id + checksum.join('');
}
