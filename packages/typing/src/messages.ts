// An alias and not an interface: only that fits a sender who takes any object with a `type`.
/** The client frame: `{"type":"typing","channel":"chat:lobby","active":true}`. */
export type TypingFrame = {
  readonly type: 'typing';
  readonly channel: string;
  /** Default true. */
  readonly active?: boolean;
};

/** The transient event's name and, in its `data`, who types or has stopped. */
export const typingEvent = 'typing';

export interface TypingData {
  readonly userId: string;
  readonly active: boolean;
}

/** Milliseconds after which somebody who sent nothing more has stopped. */
export const typingTimeout = 5000;

/** Milliseconds between two frames of one who goes on typing. */
export const typingRepeat = 2500;
