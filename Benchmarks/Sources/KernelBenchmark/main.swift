import Console

Program.run(KernelBenchmark.self)
