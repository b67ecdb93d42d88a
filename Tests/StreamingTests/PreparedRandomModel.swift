import Inference
import TestSupport

/// Returns the random model of a network, ready for engines; nil for the smallest Johnson network.
func preparedRandomModel(seed: UInt64, network: String? = nil) throws -> PreparedModel {
  try PreparedModel(randomModel(seed: seed, network: network))
}
