import Console

Program.run(ConvertStyle.self)
