/** What a program and its agent say to each other; see codec.ts for how. Addresses are hexadecimal with 0x. */

export interface LocalOfferMessage {
  address: string;
  byteLength: number;
  flags: number;
}

/** Memory that was offered to the agent, to be offered to a peer. `memory` is the program's number for it. */
export interface OfferRequest {
  op: 'offer';
  memory: number;
  local: LocalOfferMessage;
  to: string;
  durable: boolean;
}

/** Names the offer by its id, or by who made it and where. */
export interface ClaimRequest {
  op: 'claim';
  id?: string;
  from?: string;
  address?: string;
}

export type LinkRequest =
  | { op: 'hello'; pid: number }
  | OfferRequest
  | ClaimRequest
  | { op: 'forget'; memory: number }
  | { op: 'cancel' | 'take-back'; id: string }
  | { op: 'watch' | 'list' | 'metrics' };

/** What requests are answered with. */
export interface Answers {
  hello: { pid: number; self: string };
  offer: { id: string };
  claim: { address: string };
  cancel: boolean;
  'take-back': { address?: string };
  watch: OfferMessage[];
  list: ListedOffer[];
  metrics: string;
}

export interface OfferMessage extends LocalOfferMessage {
  id: string;
  from: string;
}

export interface ListedOffer extends OfferMessage {
  to: string;
  stage: string;
  durable: boolean;
  direction: 'sent' | 'received';
}

export interface OfferedEvent {
  type: 'offered';
  offer: OfferMessage;
}

export type LinkEvent = OfferedEvent | { type: 'ended'; id: string; ending: string } | { type: 'released'; id: string };
