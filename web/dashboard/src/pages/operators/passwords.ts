/** What is wrong with a new password; null when nothing is. */
export function passwordProblem(password: string): string | null {
  if (password.length < 10) return "At least 10 characters";
  return password.length > 100 ? "At most 100 characters" : null;
}
