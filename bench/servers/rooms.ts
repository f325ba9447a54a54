/** Who subscribed to what, for servers that leave it to the application. */
export class Rooms<Client> {
  private readonly members = new Map<string, Set<Client>>();

  /** Takes what a client says: `sub a,b`. @throws Error for anything else. */
  join(client: Client, text: string): void {
    if (!text.startsWith('sub ')) throw new Error(`expected "sub" and channels, got ${text.slice(0, 100)}`);
    for (const channel of text.slice('sub '.length).split(',')) {
      const there = this.members.get(channel);
      if (there === undefined) this.members.set(channel, new Set([client]));
      else there.add(client);
    }
  }

  of(channel: string): Iterable<Client> {
    return this.members.get(channel) ?? [];
  }

  leave(client: Client): void {
    for (const there of this.members.values()) there.delete(client);
  }
}
