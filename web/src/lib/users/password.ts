/** 32 signs, none of which is taken for another when it is read out or copied by hand. */
const SIGNS = 'abcdefghijkmnpqrstuvwxyz23456789';

/** A password of 80 random bits, in groups that can be read out: "k3vq-8tzn-w6bh-m2xp". */
export function makePassword(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const signs = Array.from(bytes, (byte) => SIGNS[byte % SIGNS.length]).join('');
  return (signs.match(/.{4}/g) ?? []).join('-');
}
