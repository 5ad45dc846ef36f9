// The outline that all ops of the contract share.

/**
 * Every call has the same outline, so that a decorator, a recorder or a worker handles all of them by one piece of code. Whatever changes from one
 * training step to the next (learning rate, clip factor, random key) is an input, never an attribute.
 */
export interface OpOutline<Name extends string, Inputs, Outputs, Attributes> {
  readonly op: Name
  readonly inputs: Inputs
  readonly outputs: Outputs
  readonly attributes: Attributes
}
