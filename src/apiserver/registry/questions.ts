// Computations that are written as if every answer were at hand, though somebody must be asked for some of them: such a
// computation stops where an answer is missing, and is repeated with it. It must ask the same questions each time.

/** Stops a computation until its question is answered. */
class Unanswered<Q> extends Error {
  readonly question: Q;

  constructor(question: Q) {
    super('a question is waiting for its answer');
    this.question = question;
  }
}

/**
 * The result of a computation that puts questions: at once if it puts none, else when all are answered. Rejects with what
 * `answer` rejects with. A computation must not catch what its questions throw.
 */
export function withAnswers<T, Q, A>(work: (ask: (question: Q) => A) => T, answer: (question: Q) => Promise<A>): T | Promise<T> {
  const answers: A[] = [];
  const attempt = (): { readonly result: T } | { readonly question: Q } => {
    let put = 0;
    try {
      const result = work((question) => {
        const index = put++;
        if (index >= answers.length) throw new Unanswered(question);
        return answers[index] as A;
      });
      return { result };
    } catch (error) {
      if (error instanceof Unanswered) return { question: error.question as Q };
      throw error;
    }
  };
  const first = attempt();
  if ('result' in first) return first.result;
  return (async () => {
    for (let state: ReturnType<typeof attempt> = first; ; state = attempt()) {
      if ('result' in state) return state.result;
      // oxlint-disable-next-line no-await-in-loop -- the next question depends on this answer
      answers.push(await answer(state.question));
    }
  })();
}
