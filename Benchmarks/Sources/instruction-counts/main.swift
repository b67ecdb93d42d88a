import Console

Program.run(InstructionCounts.self)
