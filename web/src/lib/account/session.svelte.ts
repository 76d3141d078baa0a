import { api, ask, type Schemas } from '$lib/api/client';

export type User = Schemas['User'];

/** The signed-in user. */
export class Session {
  user: User;

  constructor(user: User) {
    this.user = $state(user);
  }

  get isAdmin(): boolean {
    return this.user.role === 'admin';
  }

  async signOut() {
    await ask(api.DELETE('/api/v1/session'));
  }
}
