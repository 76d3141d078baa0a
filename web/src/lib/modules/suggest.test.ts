import { describe, expect, it } from 'vitest';
import { suggest } from './suggest';

const anna = { id: 'u1', name: 'Anna Example', email: 'anna@firm.example' };
const ben = { id: 'u2', name: 'Ben Sample', email: null };

describe('suggested users for a provider’s members', () => {
  it('match the e-mail, regardless of name and case', () => {
    const members = [{ id: '101', name: 'Front desk', email: 'Anna@Firm.example' }];
    expect(suggest(members, [anna, ben])).toEqual(new Map([['101', { userId: 'u1', because: 'email' }]]));
  });

  it('match the name if there is no e-mail, regardless of word order and accents', () => {
    const members = [{ id: '102', name: 'SÀMPLE, Ben' }];
    expect(suggest(members, [anna, ben])).toEqual(new Map([['102', { userId: 'u2', because: 'name' }]]));
  });

  it('prefer the member with the same e-mail to one with the same name', () => {
    const members = [
      { id: '101', name: 'Anna Example' },
      { id: '102', name: 'Mobile', email: 'anna@firm.example' },
    ];
    expect([...suggest(members, [anna]).keys()]).toEqual(['102']);
  });

  it('are not made if two would match', () => {
    const twins = [ben, { ...ben, id: 'u3' }];
    expect(suggest([{ id: '101', name: 'Ben Sample' }], twins).size).toBe(0);
    const members = [
      { id: '101', name: 'Ben Sample' },
      { id: '102', name: 'Ben Sample' },
    ];
    expect(suggest(members, [ben]).size).toBe(0);
  });

  it('skip people already chosen, and members without a name', () => {
    expect(suggest([{ id: '102', name: 'Ben Sample' }], [ben], new Set(['u2'])).size).toBe(0);
    expect(suggest([{ id: '103', name: ' ' }], [{ id: 'u4', name: '' }]).size).toBe(0);
  });
});
