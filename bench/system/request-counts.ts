/**
 * Of phones together: requests, how often one was sent again, and how long each took to its final response; then the requests
 * that carry a challenge or a dialog of the server's, and what became of those.
 */
export interface RequestCounts {
  requests: number;
  again: number;
  answerMs: number[];
  proven: number;
  provenAgain: number;
  provenUnanswered: number;
}

export function noRequests(): RequestCounts {
  return { requests: 0, again: 0, answerMs: [], proven: 0, provenAgain: 0, provenUnanswered: 0 };
}
