import Console

Program.run(EvaluateStyle.self)
