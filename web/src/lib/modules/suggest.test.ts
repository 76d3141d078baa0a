import { describe, expect, it } from 'vitest';
import { suggest } from './suggest';

const anna = { id: 'u1', name: 'Anna Example', email: 'anna@firm.example' };
const ben = { id: 'u2', name: 'Ben Sample', email: null };

describe('suggestions of who a provider’s user is', () => {
  it('go by the e-mail, whatever the name and the case', () => {
    const members = [{ id: '101', name: 'Front desk', email: 'Anna@Firm.example' }];
    expect(suggest(members, [anna, ben])).toEqual(new Map([['101', { userId: 'u1', because: 'email' }]]));
  });

  it('go by the name where there is no e-mail, whatever its order and accents', () => {
    const members = [{ id: '102', name: 'SÀMPLE, Ben' }];
    expect(suggest(members, [anna, ben])).toEqual(new Map([['102', { userId: 'u2', because: 'name' }]]));
  });

  it('give a person to the member of their e-mail rather than to one of their name', () => {
    const members = [
      { id: '101', name: 'Anna Example' },
      { id: '102', name: 'Mobile', email: 'anna@firm.example' },
    ];
    expect([...suggest(members, [anna]).keys()]).toEqual(['102']);
  });

  it('are not made where two would fit', () => {
    const twins = [ben, { ...ben, id: 'u3' }];
    expect(suggest([{ id: '101', name: 'Ben Sample' }], twins).size).toBe(0);
    const members = [
      { id: '101', name: 'Ben Sample' },
      { id: '102', name: 'Ben Sample' },
    ];
    expect(suggest(members, [ben]).size).toBe(0);
  });

  it('leave out who is chosen already, and members without a name', () => {
    expect(suggest([{ id: '102', name: 'Ben Sample' }], [ben], new Set(['u2'])).size).toBe(0);
    expect(suggest([{ id: '103', name: ' ' }], [{ id: 'u4', name: '' }]).size).toBe(0);
  });
});
