import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/** A connection's place among those that a server has accepted. */
export interface Place {
  /** Protects the connection: a request is being answered on it, or it is meant to stay. */
  keep(): void;
  /** Lets the connection make room for others again, after all that are idle now. */
  idle(): void;
}

/** The connections of one server. The idle ones make room for newcomers, the oldest first. */
export class ConnectionPool {
  readonly #most: number;
  readonly #room: ConnectionRoom;
  readonly #open = new Set<Socket>();
  /** In the order in which they make room. */
  readonly #idle = new Set<Socket>();

  constructor(most: number, room: ConnectionRoom) {
    this.#most = most;
    this.#room = room;
  }

  get size(): number {
    return this.#open.size;
  }

  get idle(): number {
    return this.#idle.size;
  }

  /**
   * Takes a connection that was just accepted; it is idle at first. One for which there is no room is destroyed.
   * @returns undefined when it was destroyed
   */
  admit(socket: Socket): Place | undefined {
    const hasRoom = this.#open.size < this.#most || this.dropOldest();
    if (!hasRoom || !this.#room.makeRoom()) {
      socket.destroy();
      return undefined;
    }
    this.#room.count(this);
    this.#open.add(socket);
    this.#idle.add(socket);
    socket.once('close', () => this.#forget(socket));
    return {
      keep: () => void this.#idle.delete(socket),
      idle: () => {
        this.#idle.delete(socket);
        if (this.#open.has(socket)) this.#idle.add(socket);
      },
    };
  }

  /** Destroys the idle connection that is first in order. Returns false when none is idle. */
  dropOldest(): boolean {
    const [oldest] = this.#idle;
    if (oldest === undefined) return false;
    // Its descriptor is closed in this very call; `close` is emitted later.
    oldest.destroy();
    this.#forget(oldest);
    return true;
  }

  /** Destroys every connection, as a server does that ends. */
  destroyAll(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #forget(socket: Socket): void {
    this.#open.delete(socket);
    this.#idle.delete(socket);
    if (this.#open.size === 0) this.#room.release(this);
  }
}

/** The limit for the connections of all servers of this process together. */
export class ConnectionRoom {
  readonly #most: number;
  readonly #pools = new Set<ConnectionPool>();

  constructor(most: number) {
    this.#most = most;
  }

  /** @param most how many connections this one server may hold */
  pool(most: number): ConnectionPool {
    return new ConnectionPool(most, this);
  }

  /** Counts the connections of a pool from now on. */
  count(pool: ConnectionPool): void {
    this.#pools.add(pool);
  }

  /** Forgets a pool that has no connections: its server may have ended. */
  release(pool: ConnectionPool): void {
    this.#pools.delete(pool);
  }

  /**
   * Makes room for one more connection: where there is none, an idle one of the server that has most of them goes, so
   * that a crowd at one port costs the other ports nothing.
   */
  makeRoom(): boolean {
    const pools = [...this.#pools];
    if (pools.reduce((sum, { size }) => sum + size, 0) < this.#most) return true;
    const [crowded] = pools.sort((one, other) => other.idle - one.idle);
    return crowded?.dropOldest() ?? false;
  }

  /** Destroys the idle connections of all servers, for something that needs their descriptors more. */
  dropIdle(): void {
    for (const pool of this.#pools) while (pool.dropOldest());
  }
}

/**
 * Returns how many of so many descriptors connections may take: half of them, and fewer where the rest is not enough for
 * the listener itself (some 30), its reserve and its hooks.
 */
export function mostConnections(limit: number): number {
  return Math.max(4, Math.min(Math.floor(limit / 2), limit - 48));
}

/** The room of this process. */
export const connectionRoom = new ConnectionRoom(mostConnections(descriptorLimit()));

/** launchd's soft limit for a service, which stands where the system does not say (no `/proc`). */
const withoutProc = 256;

/**
 * Returns the most descriptors that this process may have open at once: the soft limit, which Node itself raises to the hard one
 * when it starts (proc_pid_limits(5)).
 */
function descriptorLimit(): number {
  try {
    const [, soft] =
      /^Max open files +(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    if (soft === 'unlimited') return Number.POSITIVE_INFINITY;
    if (soft !== undefined) return Number(soft);
  } catch {
    // A system without /proc.
  }
  return withoutProc;
}
