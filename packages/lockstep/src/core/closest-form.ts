/** A value may have one of several forms. What is wrong with it as the form that it comes closest to; none: undefined. */
export const closestForm = <Issue>(forms: readonly (readonly Issue[])[]): readonly Issue[] | undefined =>
  forms.toSorted((one, other) => one.length - other.length)[0];
